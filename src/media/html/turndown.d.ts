/** What we use of turndown, which ships no types. */
declare module "turndown" {
  export interface Rule {
    readonly filter: string | readonly string[] | ((node: HTMLElement) => boolean);
    replacement(content: string, node: HTMLElement): string;
  }
  export interface Options {
    readonly headingStyle?: "setext" | "atx";
    readonly codeBlockStyle?: "indented" | "fenced";
    readonly bulletListMarker?: "-" | "+" | "*";
    readonly emDelimiter?: "_" | "*";
  }
  class TurndownService {
    constructor(options?: Options);
    addRule(name: string, rule: Rule): this;
    remove(tags: readonly string[]): this;
    turndown(input: string | Node): string;
  }
  export { TurndownService as default };
}
