import type { ActionTarget, ChannelActions, RenderedPart } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import { textMessage } from "../../core/message.ts";
import type { Place } from "./references.ts";
import { activityPath } from "./places.ts";
import { KNOWN_EMOJI, reactionId } from "./reactions.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";

/** What of the sending side the actions go over: the pauses, the places and the edit of a message. */
export interface ActionsOver {
  /** Calls the connector about one message; may be repeated. @param scope what Teams counts, if not the conversation. @throws ChannelError */
  call(target: ActionTarget, request: { method: "PUT" | "DELETE"; path: (place: Place) => string; scope?: string }): Promise<void>;
  /** @throws ChannelError */
  update(target: ActionTarget, part: RenderedPart): Promise<void>;
}

/** Teams counts reactions of all conversations together, two a second (learn.microsoft.com, "Use emoji reactions in Teams chat"). */
const REACTIONS = "reactions";

export function createActions({ call, update }: ActionsOver): ChannelActions {
  return {
    async edit(target, markdown) {
      const [part, more] = renderMessage(textMessage(markdown));
      if (more === undefined && part !== undefined) return update(target, part);
      throw new ChannelError("teams_too_big", "the text does not fit into one message", "permanent", {
        hint: `Send what is behind ${MAX_TEXT.toLocaleString("en")} characters anew`,
      });
    },
    delete: (target) => call(target, { method: "DELETE", path: (place) => activityPath(place, target.messageId) }),
    async react(target, emoji, on) {
      const id = reactionId(emoji);
      if (id === undefined)
        throw new ChannelError("teams_no_such_reaction", `Teams has no name that we know for ${emoji.slice(0, 20)}`, "permanent", {
          hint: `Use one of ${KNOWN_EMOJI.join(" ")}`,
        });
      const path = (place: Place) => `${activityPath(place, target.messageId)}/reactions/${encodeURIComponent(id)}`;
      await call(target, { method: on ? "PUT" : "DELETE", path, scope: REACTIONS });
    },
  };
}
