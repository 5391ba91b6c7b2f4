/** The one door to paths that a model named (house.md section 5). */
export { createWorkspaces, type WorkspacesOptions } from "./create-workspaces.ts";
export { INSIDE, pathParts } from "./path-parts.ts";
