/** The Chat Completions wire, OpenAI's and its many relatives' (docs: platform.openai.com, "Chat Completions"). Differences are `Compat` data. */
export { createOpenAiChat } from "./create-openai-chat.ts";
