import { RequestError } from "../../core/errors.ts";
import { describeIssue } from "../../lib/schema/describe-issue.ts";
import { v } from "../../lib/schema/index.ts";

const word = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const words = v.pipe(v.array(word), v.maxLength(100));
const secret = v.optional(v.pipe(v.string(), v.maxLength(4096)));

/** Parameters of `connect`, as far as they say something to us; clients of other versions send more. */
const connectParams = v.looseObject({
  minProtocol: v.pipe(v.number(), v.integer(), v.minValue(1)),
  maxProtocol: v.pipe(v.number(), v.integer(), v.minValue(1)),
  client: v.looseObject({
    id: word,
    displayName: v.optional(word),
    version: word,
    platform: word,
    deviceFamily: v.optional(word),
    mode: word,
  }),
  role: v.optional(word, "operator"),
  scopes: v.optional(words),
  caps: v.optional(words),
  auth: v.optional(v.looseObject({ token: secret, password: secret, deviceToken: secret })),
  device: v.optional(
    v.looseObject({
      id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be the SHA-256 of the key in hex")),
      publicKey: v.pipe(v.string(), v.maxLength(64)),
      signature: v.pipe(v.string(), v.maxLength(128)),
      signedAt: v.pipe(v.number(), v.integer(), v.minValue(0)),
      nonce: v.pipe(v.string(), v.maxLength(256)),
    }),
  ),
});
export type ConnectParams = v.InferOutput<typeof connectParams>;

/** @throws RequestError `bad_params` */
export function readConnect(params: unknown): ConnectParams {
  const read = v.safeParse(connectParams, params);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw new RequestError("bad_params", `invalid connect params: ${describeIssue(issue)}`);
}
