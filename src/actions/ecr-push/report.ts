import type { Reporter } from '../../ports.ts';
import { codeSpan, literal } from '../../report/markdown.ts';
import { outputImages } from '../image-outputs.ts';
import type { Published } from './publish.ts';

/** Hands the images on to later steps and jobs, and shows them on the summary page. */
export async function reportImages(reporter: Reporter, published: readonly Published[]): Promise<void> {
  outputImages(reporter, published);
  reporter.output(
    'tags',
    JSON.stringify(Object.fromEntries(published.map(({ name, tags }) => [name, tags]))),
  );
  reporter.info(
    'For other jobs hand on "reference" or "references": GitHub drops an output that holds a masked value, and "image" holds the account id.',
  );
  const rows = published.map(
    ({ name, reference, tags, how }) =>
      `| ${literal(name)} | ${codeSpan(reference)} | ${tags.map(codeSpan).join(' ')} | ${how} |`,
  );
  const head = ['| Image | Reference | Tags | |', '| --- | --- | --- | --- |'];
  await reporter.summary(['### Images', '', ...head, ...rows, '', ''].join('\n'));
}
