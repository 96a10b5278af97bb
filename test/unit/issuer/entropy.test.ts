import { describe, expect, it } from "vitest";
import { drawEntropy } from "../../../src/issuer/entropy.ts";

/** Randomness in which no octet comes twice, and how often it was asked for. */
function dice() {
  let next = 0;
  const asked: number[] = [];
  const random = (length: number): Uint8Array => {
    asked.push(length);
    return new Uint8Array(length).map(() => next++);
  };
  return { asked, random };
}

describe("the randomness of a request", () => {
  it("is drawn once, and none of it is given out twice", () => {
    const { asked, random } = dice();
    const draw = drawEntropy({ random });
    const taken = [16, 17, 16].flatMap((length) => [...draw(length)]);
    expect(taken).toHaveLength(49);
    expect(new Set(taken).size).toBe(49);
    expect(asked).toHaveLength(1);
    const more = [...draw(17), ...draw(100)];
    expect(new Set([...taken, ...more]).size).toBe(49 + 117);
    expect(asked).toHaveLength(3);
  });

  it("is no other request's: what one left over, a copy of the process would have too", () => {
    const { asked, random } = dice();
    const first = drawEntropy({ random })(16);
    const second = drawEntropy({ random })(16);
    expect(asked).toHaveLength(2);
    expect([...second].some((octet) => first.includes(octet) || octet < 64)).toBe(false);
  });
});
