/** The Anthropic Messages wire (docs: platform.claude.com, "Messages" and "Streaming messages"). */
export { createAnthropic } from "./create-anthropic.ts";
