/** What a person reads while the demo runs: numbered steps, what happens in them, and what that proved. */
export interface Transcript {
  step(title: string): void;
  say(text: string): void;
  proved(text: string): void;
  refused(text: string): void;
}

export function transcript(): Transcript {
  let steps = 0;
  return {
    step(title) {
      steps += 1;
      line(`\n${steps}. ${title}`);
    },
    say: (text) => line(`   ${text}`),
    proved: (text) => line(`   proved: ${text}`),
    refused: (text) => line(`   refused: ${text}`),
  };
}

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The demo claims nothing that it did not see: what should be so and is not ends it. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the demo did not show what it should: ${what}`);
}
