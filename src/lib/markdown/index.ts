export { cleanText, isBlank, MAX_BLANK_RUN } from "./clean.ts";
export { codeBlocks, type MarkdownNode, plainText, sliceNodes } from "./node.ts";
export { parseMarkdown } from "./parse.ts";
