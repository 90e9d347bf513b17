/** Whether the tags of a repository may be given to another image. */
export interface Mutability {
  readonly immutable: boolean;
  /** Tags for which the opposite holds; `*` stands for any text. */
  readonly except: readonly string[];
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html */
export function isImmutable({ immutable, except }: Mutability, tag: string): boolean {
  const excepted = except.some((filter) => {
    const parts = filter.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(tag);
  });
  return immutable !== excepted;
}
