import { readKey } from "./change-key.ts";
import { coerce } from "./coerce.ts";
import { parsePath } from "./config-path.ts";
import { childOf } from "./known-keys.ts";
import { rootSchema } from "./schema.ts";

/**
 * A text of the command line as the type that its key has: `clanker config set gateway.port 8080`, lists as JSON or separated by commas, tables as JSON.
 * `key+` takes what is to be added to a list, written like the list. For an unknown key the text itself: setting it names the nearest key.
 * @throws RequestError `config_bad_path`
 */
export function parseConfigValue(written: string, text: string): unknown {
  const { key: path } = readKey(written);
  let schema: Parameters<typeof coerce>[0] | undefined = rootSchema;
  for (const key of parsePath(path)) schema = schema === undefined ? undefined : childOf(schema, key).schema;
  return schema === undefined ? text : coerce(schema, text);
}
