/** A source of random numbers in [0, 1) that gives the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A number in [0, 1) that depends on the seed and the text only, not on how many were drawn before. */
export function randomOf(seed: number, text: string): number {
  // FNV-1a spreads the text over 32 bits, the generator above mixes them.
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return seededRandom((hash ^ Math.imul(seed, 0x9e3779b1)) >>> 0)();
}
