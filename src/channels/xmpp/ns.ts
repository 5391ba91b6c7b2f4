/** Namespaces, each with the specification that it is from (xmpp.org/extensions). */
export const NS = {
  /** RFC 6120. */
  tls: "urn:ietf:params:xml:ns:xmpp-tls",
  streams: "http://etherx.jabber.org/streams",
  streamErrors: "urn:ietf:params:xml:ns:xmpp-streams",
  stanzaErrors: "urn:ietf:params:xml:ns:xmpp-stanzas",
  sasl: "urn:ietf:params:xml:ns:xmpp-sasl",
  sasl2: "urn:xmpp:sasl:2",
  /** XEP-0004, XEP-0030, XEP-0059. */
  form: "jabber:x:data",
  info: "http://jabber.org/protocol/disco#info",
  items: "http://jabber.org/protocol/disco#items",
  page: "http://jabber.org/protocol/rsm",
  /** XEP-0045. */
  muc: "http://jabber.org/protocol/muc",
  mucUser: "http://jabber.org/protocol/muc#user",
  /** XEP-0066. */
  oob: "jabber:x:oob",
  /** XEP-0085. */
  states: "http://jabber.org/protocol/chatstates",
  /** XEP-0184. */
  receipts: "urn:xmpp:receipts",
  /** XEP-0198. */
  management: "urn:xmpp:sm:3",
  /** XEP-0199. */
  ping: "urn:xmpp:ping",
  /** XEP-0203. */
  delay: "urn:xmpp:delay",
  /** XEP-0297. */
  forward: "urn:xmpp:forward:0",
  /** XEP-0308. */
  correct: "urn:xmpp:message-correct:0",
  /** XEP-0313. */
  archive: "urn:xmpp:mam:2",
  /** XEP-0333. */
  markers: "urn:xmpp:chat-markers:0",
  /** XEP-0334. */
  hints: "urn:xmpp:hints",
  /** XEP-0359. */
  ids: "urn:xmpp:sid:0",
  /** XEP-0363. */
  upload: "urn:xmpp:http:upload:0",
  /** XEP-0372. */
  reference: "urn:xmpp:reference:0",
  /** XEP-0384 in the version that is in use. */
  omemo: "eu.siacs.conversations.axolotl",
  /** XEP-0393. */
  styling: "urn:xmpp:styling:0",
  /** XEP-0421. */
  occupant: "urn:xmpp:occupant-id:0",
  /** XEP-0424. */
  retract: "urn:xmpp:message-retract:1",
  /** XEP-0428. */
  fallback: "urn:xmpp:fallback:0",
  /** XEP-0444. */
  reactions: "urn:xmpp:reactions:0",
  /** XEP-0461. */
  reply: "urn:xmpp:reply:0",
} as const;
