import { closestMatch } from 'leven';
import { nearest } from '../taskdef/rules/nearest.ts';

/** The word that was probably meant: as for task definitions, and short words with one slip as well. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined || word.length < 3) return near;
  return closestMatch(word.toLowerCase(), [...known], { maxDistance: 1 });
}
