import type { Confidentiality, Label } from "./label.ts";
import { labelOf, type Principal } from "./principal.ts";

/** Something that an agent was asked to remember beyond one conversation. */
export interface Memory {
  readonly id: string;
  readonly agent: string;
  /** Who had it remembered. */
  readonly person: string;
  readonly text: string;
  /** Of the context it was written in: whoever recalls it takes the label on (sec-91, sec-92). */
  readonly label: Label;
  readonly sessionId: string;
  readonly at: number;
}

/** What a reader may see, by confidentiality; `private`: everything that is no secret. */
export type Sight = "private" | readonly Confidentiality[];

/** What everyone at the place a principal speaks in may see (core/label, `maySee`). */
export function sightOf(principal: Principal): Sight {
  const place = labelOf(principal).confidentiality;
  return place === "PRIVATE" ? "private" : ["PUBLIC", place];
}
