import { expect, test } from "bun:test";
import { isAnswer, KINDS } from "./fuzz-kinds.ts";
import { IS_SOAK, SEED } from "./host/lane.ts";
import { Random } from "./unit/random.ts";

const ROUNDS = IS_SOAK ? 200_000 : 10_000;
/** Milliseconds that no input may take, on a machine however busy. */
const HANGS = 10_000;

/** Rejects for what takes longer than any input may. */
async function soon(work: Promise<void>): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it has no end")), HANGS);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

test.each(Object.entries(KINDS))(
  `%s give an answer, ${ROUNDS} times (BERTH_TEST_SEED=${SEED})`,
  async (_, act) => {
    const random = new Random(SEED);
    let answers = 0;
    for (let round = 0; round < ROUNDS; round++) {
      try {
        const work = act(random);
        if (work !== undefined) await soon(work);
      } catch (error) {
        if (!isAnswer(error)) throw new Error(`round ${round}`, { cause: error });
        expect(error.message).not.toBe("");
        answers += 1;
      }
    }
    // Inputs that are all refused, or none of them, test nothing.
    expect(answers).toBeLessThan(ROUNDS);
  },
  IS_SOAK ? 3_600_000 : 120_000,
);
