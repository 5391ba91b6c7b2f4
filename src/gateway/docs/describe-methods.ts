import { toJsonSchema } from "../../lib/schema/index.ts";
import type { Registry } from "../registry.ts";
import { schemaToType } from "./schema-to-type.ts";

export interface MethodDescription {
  readonly name: string;
  readonly summary: string;
  readonly scope: string;
  /** REST route; undefined for methods of /ws alone. */
  readonly route: string | undefined;
  readonly params: readonly { readonly name: string; readonly type: string; readonly required: boolean }[];
  /** TypeScript types. */
  readonly paramsType: string;
  readonly result: string;
}

/** The registry in the words of the documents, by name. */
export function describeMethods({ methods }: Registry): MethodDescription[] {
  return [...methods.values()]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((method) => {
      const params = toJsonSchema(method.params) as { properties?: Record<string, unknown>; required?: string[] };
      const path = `/api/${method.name.replaceAll(".", "/")}`;
      return {
        name: method.name,
        summary: method.summary,
        scope: method.scope,
        route: method.socketOnly ? undefined : `${method.mutating ? "POST" : "GET|POST"} ${path}`,
        params: Object.entries(params.properties ?? {}).map(([name, schema]) => ({ name, type: schemaToType(schema), required: params.required?.includes(name) ?? false })),
        paramsType: schemaToType(params),
        result: schemaToType(toJsonSchema(method.result)),
      };
    });
}
