import type { Allowance } from './finding.ts';
import type { Comment } from './source.ts';

/** A comment of ours, as a person wrote it. */
export interface Remark {
  readonly from: number;
  readonly to: number;
  readonly allowance?: Allowance;
  /** What is wrong with it. */
  readonly problem?: string;
}

/** Finds `-- deploy-actions: allow REASON` and `-- deploy-actions: compatible REASON`. */
export function remarksIn(comments: readonly Comment[]): readonly Remark[] {
  return comments.flatMap(({ from, to, text }): readonly Remark[] => {
    const bare = text.replace(/^(--|\/\*)/, '').replace(/\*\/$/, '');
    const [, word = '', rest = ''] = /^[\s*]*deploy-actions:\s*([\w-]*)([\s\S]*)$/i.exec(bare) ?? [];
    if (!/^[\s*]*deploy-actions:/i.test(bare)) return [];
    const as = word.toLowerCase();
    const reason = rest
      .replace(/\s+/g, ' ')
      .trim()
      .replace(/^[:-]\s*/, '');
    if (as !== 'allow' && as !== 'compatible')
      return [
        {
          from,
          to,
          problem: `"${word}" is not a word that is known here; write allow REASON or compatible REASON`,
        },
      ];
    if (!/\p{L}/u.test(reason))
      return [
        {
          from,
          to,
          problem: `${as} needs a reason, such as "-- deploy-actions: ${as} no code reads it since v12"`,
        },
      ];
    return [{ from, to, allowance: { as, reason } }];
  });
}
