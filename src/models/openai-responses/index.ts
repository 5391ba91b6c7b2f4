/** OpenAI's Responses wire, stateless: nothing is stored there (docs: platform.openai.com, "Responses"). */
export { createOpenAiResponses } from "./create-openai-responses.ts";
