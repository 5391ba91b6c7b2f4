/** What a file is by its own first bytes: what a sender, a server or a name calls it is anybody's claim. Pure. */

interface Beginning {
  readonly type: string;
  /** Latin-1, against the first HEAD bytes. */
  readonly bytes: RegExp;
  /** Other types that begin the same: a claim of one of these holds. */
  readonly also?: RegExp;
}

const HEAD = 32;

/** Published signatures of the formats themselves (PNG, JFIF, GIF89a, RIFF, ISO 32000, RFC 3533, ISO/IEC 14496-12, RFC 9559, FLAC, ID3v2, RFC 4867, ISO/IEC 13818-7, APPNOTE). */
const BEGINNINGS: readonly Beginning[] = [
  { type: "image/png", bytes: /^\x89PNG/, also: /^image\/apng$/ },
  { type: "image/jpeg", bytes: /^\xff\xd8\xff/ },
  { type: "image/gif", bytes: /^GIF8[79]a/ },
  { type: "image/webp", bytes: /^RIFF[^]{4}WEBP/ },
  { type: "image/avif", bytes: /^[^]{4}ftypavi[fs]/ },
  { type: "image/heic", bytes: /^[^]{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/, also: /^image\/(heif|avif)(-sequence)?$/ },
  { type: "application/pdf", bytes: /^%PDF-/ },
  { type: "audio/wav", bytes: /^RIFF[^]{4}WAVE/, also: /^audio\/(x-wav|wave|vnd\.wave)$/ },
  { type: "audio/flac", bytes: /^fLaC/, also: /^audio\/x-flac$/ },
  { type: "audio/mpeg", bytes: /^ID3/, also: /^audio\/(mp3|aac|x-mp3)$/ },
  { type: "audio/amr", bytes: /^#!AMR/, also: /^audio\/amr-wb(\+)?$/ },
  { type: "audio/aac", bytes: /^\xff[\xf0\xf1\xf8\xf9]/, also: /^audio\/(aacp|x-aac|mpeg)$/ },
  { type: "audio/ogg", bytes: /^OggS/, also: /^(audio\/opus|video\/ogg|application\/ogg)$/ },
  { type: "audio/mp4", bytes: /^[^]{4}ftypM4[AB]/, also: /^(audio\/(x-m4a|m4a)|video\/mp4)$/ },
  { type: "video/quicktime", bytes: /^[^]{4}ftypqt/, also: /^video\/mp4$/ },
  { type: "video/mp4", bytes: /^[^]{4}ftyp/, also: /^(video\/(3gpp2?|x-m4v|quicktime)|audio\/(mp4|x-m4a|m4a|3gpp2?|aac))$/ },
  { type: "video/webm", bytes: /^\x1aE\xdf\xa3/, also: /^(audio\/webm|(video|audio)\/x-matroska)$/ },
  { type: "application/zip", bytes: /^PK(\x03\x04|\x05\x06)/, also: /^(application\/.*|font\/.*|model\/.*)$/ },
];

/** Kinds that a model or a browser is shown as they are: without their own beginning they are none. */
const SHOWN = /^image\/(png|jpeg|gif|webp|avif)$/;
const UNKNOWN = "application/octet-stream";

/** @returns undefined when the beginning is none that is known here. */
export function sniff(bytes: Uint8Array): string | undefined {
  return beginningOf(bytes)?.type;
}

/**
 * The type to store a file under. The bytes decide where they say what they are; a claim holds where they say nothing, or only which container they are in (an Office
 * document is a zip, a voice message an Ogg).
 * @param claimed what the sender or the platform calls it, its parameters included
 * @example fileType(jpegBytes, "image/png") === "image/jpeg"
 */
export function fileType(bytes: Uint8Array, claimed: string): string {
  const bare = claimed.split(";", 1)[0]!.trim().toLowerCase();
  const found = beginningOf(bytes);
  if (found === undefined) return bare === "" || SHOWN.test(bare) ? UNKNOWN : claimed;
  return bare === found.type || (bare !== UNKNOWN && found.also?.test(bare) === true) ? claimed : found.type;
}

function beginningOf(bytes: Uint8Array): Beginning | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, HEAD));
  return BEGINNINGS.find((one) => one.bytes.test(head));
}
