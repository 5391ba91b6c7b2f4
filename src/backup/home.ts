import { isAbsolute, join, relative, sep } from "node:path";

/** Where everything of an installation lies. All absolute. */
export interface Home {
  readonly configFolder: string;
  /** The config file, what it includes and names, and the environment beside it; what is not in `configFolder` is not ours to copy. */
  readonly configFiles: readonly string[];
  readonly dataFolder: string;
  /** The database, where it is a file. */
  readonly database: string | undefined;
}

/** Folder of the data folder where backups lie when nobody names another place. */
export const BACKUPS = "backups";

/** Of use only to the process that wrote it: locks, the gateway's address, what is half written, logs of a database. */
const PASSING = /^(lock\.(db|json)|gateway\.json|restore\.json|restored\.json|.*\.(tmp|part|new|sock)|.*-(wal|shm|journal))$/;
/** Copies of what is in the backup anyway. */
const COPIES = /\.(schema-\d+\.backup|damaged-.*|replaced-.*)$/;
/** Keys that change with each message must not be put back (core/keep.ts); libraries are installed again. */
const OWN: ReadonlySet<string> = new Set(["keeps", "libraries"]);
const WORKSPACES = /^(session-)?workspaces(\/|$)/;

/** @returns what of the data folder a backup leaves out, by the path below it. */
export function leftOut({ dataFolder, database }: Home, workspaces: boolean): (path: string, name: string) => boolean {
  const file = database === undefined ? undefined : below(dataFolder, database);
  return (path, name) => {
    // Nothing is known about the names of an assistant's files.
    if (WORKSPACES.test(path)) return !workspaces;
    return path === BACKUPS || path === "logs" || path === "sandbox-probe" || OWN.has(path) || path === file || PASSING.test(name) || COPIES.test(name);
  };
}

/** @returns the config's files by their path below its folder. */
export function configPaths({ configFolder, configFiles }: Home): ReadonlySet<string> {
  return new Set(configFiles.map((file) => below(configFolder, file)).filter((path) => path !== undefined));
}

/** With `/` between names; undefined when it lies elsewhere. */
export function below(folder: string, file: string): string | undefined {
  const path = relative(folder, file);
  return path === "" || path.startsWith("..") || isAbsolute(path) ? undefined : path.split(sep).join("/");
}

/** @returns a path of a manifest as one of this system. */
export function inside(folder: string, path: string): string {
  return join(folder, ...path.split("/"));
}
