import type { Reporter } from '../ports.ts';

/** An image as later steps and jobs are told of it. */
export interface NamedImage {
  readonly name: string;
  /** Address and digest. */
  readonly image: string;
  /** The same without the registry. */
  readonly reference: string;
  readonly digest: string;
}

/** Hands images on: all of them as JSON objects by name, and the only one, if there is only one, by itself. */
export function outputImages(reporter: Reporter, images: readonly NamedImage[]): void {
  const [only, ...others] = images;
  for (const field of ['image', 'reference', 'digest'] as const) {
    const byName = Object.fromEntries(images.map((each) => [each.name, each[field]]));
    reporter.output(`${field}s`, JSON.stringify(byName));
    if (only && others.length === 0) reporter.output(field, only[field]);
  }
}
