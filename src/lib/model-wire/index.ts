/** What the wire clients in models/ have in common: everything around a call but the wire format itself. */
export { assistantEnd, newCallId, parseArguments, wireCallId, wireToolName } from "./calls.ts";
export { callJson, callModel, complaintIn, cut, fetchModelList, wrongAnswer, type CallOptions, type WireEvent } from "./call-model.ts";
export { ruleFor, type Compat, type ModelRule, type WireOptions } from "./compat.ts";
export { count, list, record, text } from "./read-json.ts";
export { modelFailure, type Complaint } from "./model-failure.ts";
export { toSteps, type Step, type StepResult } from "./steps.ts";
export { isChat, mergeModels } from "./model-infos.ts";
export { StopFilter } from "./stop-filter.ts";
export { bearerDestination, wireProvider } from "./wire-provider.ts";
