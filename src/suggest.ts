/**
 * Damerau-Levenshtein distance (optimal string alignment): the number of insertions, deletions, substitutions and swaps
 * of neighbours that turn one text into the other.
 */
export function editDistance(a: string, b: string): number {
  let twoAgo: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((current[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (twoAgo[j - 2] ?? 0) + 1);
      current.push(best);
    }
    twoAgo = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** Longer texts are no typing errors, and comparing them costs the square of their length. */
const LENGTH_MAX = 64;

/**
 * The most similar candidate, undefined if none is similar: a third of the letters may differ, and case does not count.
 * The first of several equally similar ones wins.
 */
export function closest(text: string, candidates: Iterable<string>): string | undefined {
  if (text === "" || text.length > LENGTH_MAX) return undefined;
  const lower = text.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(text.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - text.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}
