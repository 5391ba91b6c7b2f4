import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { BOTTOM, EXTERNAL, isAtLeast, joinLabels, maySee, sameLabel, type Confidentiality, type Label } from "../../src/core/label.ts";
import { audienceOf, labelOf, type Principal } from "../../src/core/principal.ts";

const confidentiality = fc.constantFrom<Confidentiality>("PUBLIC", "CONVERSATION:a", "CONVERSATION:b", "PRIVATE", "SECRET");
const label: fc.Arbitrary<Label> = fc.record({ integrity: fc.constantFrom("OWNER", "TRUSTED", "GUEST", "EXTERNAL" as const), confidentiality });

describe("core/label", () => {
  it("joins like a lattice: in any order, any grouping, and never back up (sec-91)", () => {
    fc.assert(
      fc.property(label, label, label, (a, b, c) => {
        assert.deepEqual(joinLabels(a, b), joinLabels(b, a));
        assert.deepEqual(joinLabels(joinLabels(a, b), c), joinLabels(a, joinLabels(b, c)));
        assert.ok(sameLabel(joinLabels(a, a), a));
        assert.ok(sameLabel(joinLabels(a, BOTTOM), a));
        assert.ok(isAtLeast(a.integrity, joinLabels(a, b).integrity));
      }),
    );
  });

  it("two conversations together are private", () => {
    assert.equal(joinLabels({ ...BOTTOM, confidentiality: "CONVERSATION:a" }, { ...BOTTOM, confidentiality: "CONVERSATION:b" }).confidentiality, "PRIVATE");
    assert.deepEqual(joinLabels(EXTERNAL, { integrity: "OWNER", confidentiality: "PRIVATE" }), { integrity: "EXTERNAL", confidentiality: "PRIVATE" });
  });

  it("a place sees what is no higher than itself, and nobody sees a secret", () => {
    fc.assert(fc.property(confidentiality, (place) => assert.equal(maySee(place, "SECRET"), false)));
    assert.equal(maySee("PRIVATE", "CONVERSATION:b"), true);
    assert.equal(maySee("CONVERSATION:a", "CONVERSATION:a"), true);
    assert.equal(maySee("CONVERSATION:a", "CONVERSATION:b"), false);
    assert.equal(maySee("CONVERSATION:a", "PRIVATE"), false);
    assert.equal(maySee("PUBLIC", "CONVERSATION:a"), false);
  });

  it("an unknown word counts as external", () => {
    assert.equal(joinLabels({ integrity: "ROOT" as never, confidentiality: "PUBLIC" }, BOTTOM).integrity, "EXTERNAL");
    assert.equal(isAtLeast("ROOT" as never, "TRUSTED"), false);
  });

  it("everyone may hear again what they said themselves", () => {
    for (const kind of ["owner", "trusted", "guest"] as const) {
      for (const direct of [true, false]) {
        const principal: Principal = { person: "p", class: kind, where: { channel: "c", account: "a", conversation: "1" }, direct };
        assert.equal(maySee(audienceOf(principal), labelOf(principal).confidentiality), true);
      }
    }
  });
});
