import type { Entry } from "../core/entry.ts";

/** What is kept of them, so that they never fill a prompt: the newest. */
const MAX_RULES = 40;
const MAX_RULE = 300;

/**
 * Words that lay something down for later, in the languages most people write in. A sentence too many costs a few tokens; one too few is in the summary still, if the
 * model has understood it.
 */
const LAYS_DOWN =
  /\b(never|always|from now on|don['’]?t|do not|must(n['’]t)?|only (if|when|after|with)|without (asking|my)|remember that|in (the )?future)\b|\b(nie(mals)?|immer|ab (jetzt|sofort)|nicht ohne|nur (wenn|nach|mit)|auf keinen fall|k[uü]nftig|merk dir)\b|\b(jamais|toujours|d[ée]sormais|ne .{1,40} pas)\b|\b(nunca|siempre|a partir de ahora|jam[aá]s)\b|\b(mai|sempre|d['’]ora in poi)\b|\b(nooit|altijd|voortaan)\b|(никогда|всегда|отныне|впредь)|(永远|从不|绝不|必须|不要|以后|今後|必ず|絶対)/iu;

/**
 * Sentences of the owner's own that lay down a rule, word for word and oldest first: a summary is the model's work, and what the owner has ordered must not depend on it
 * (sec-94). Quotes, files and what others wrote are none of it.
 * @param before rules of the summary before.
 */
export function ownerRules(entries: readonly Entry[], before: readonly string[] = []): string[] {
  const rules = new Set(before);
  for (const { content, principal, label } of entries) {
    if (content.role !== "user" || principal.class !== "owner" || label.integrity !== "OWNER") continue;
    for (const part of content.message.parts) if (part.type === "text") for (const rule of rulesIn(part.text)) rules.add(rule);
  }
  return [...rules].slice(-MAX_RULES);
}

function rulesIn(text: string): string[] {
  const sentences = text.split(/(?<=[.!?。！？])\s+|\n+/u).map((sentence) => sentence.replace(/\s+/gu, " ").trim());
  return sentences.filter((sentence) => sentence.length > 3 && sentence.length <= MAX_RULE && LAYS_DOWN.test(sentence));
}
