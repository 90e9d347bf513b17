import type { Reporter } from '../../ports.ts';
import type { Published } from './publish.ts';

/** Hands the images on to later steps and jobs, and shows them on the summary page. */
export async function reportImages(reporter: Reporter, published: readonly Published[]): Promise<void> {
  const [first] = published;
  const map = (of: (image: Published) => unknown) =>
    JSON.stringify(Object.fromEntries(published.map((image) => [image.name, of(image)])));
  reporter.output(
    'images',
    map(({ image }) => image),
  );
  reporter.output(
    'references',
    map(({ reference }) => reference),
  );
  reporter.output(
    'digests',
    map(({ digest }) => digest),
  );
  reporter.output(
    'tags',
    map(({ tags }) => tags),
  );
  if (first && published.length === 1) {
    reporter.output('image', first.image);
    reporter.output('reference', first.reference);
    reporter.output('digest', first.digest);
  }
  reporter.info(
    'For other jobs hand on "reference" or "references": GitHub drops an output that holds a masked value, and "image" holds the account id.',
  );
  const rows = published.map(
    ({ name, reference, tags, how }) =>
      `| ${name} | \`${reference}\` | ${tags.map((tag) => `\`${tag}\``).join(' ')} | ${how} |`,
  );
  await reporter.summary(
    ['### Images', '', '| Image | Reference | Tags | |', '| --- | --- | --- | --- |', ...rows, '', ''].join(
      '\n',
    ),
  );
}
