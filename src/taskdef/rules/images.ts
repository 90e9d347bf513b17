import { error, type Finding, warning } from './finding.ts';
import { has, quoted, type Subject, text } from './subject.ts';

const ECR = /^\d{12}\.dkr[.-]ecr[.-]/;

/** The images of the containers, and whether they can become others under the same name. */
export function* imageRules(
  { definition, containers, fargate }: Subject,
  requireDigest: boolean,
): Generator<Finding> {
  let roleMissing = fargate && !has(definition, 'executionRoleArn');
  for (const { path, fields, label } of containers) {
    const at = [...path, 'image'];
    const image = text(fields, 'image');
    if (!has(fields, 'image')) yield error(path, `the image of ${label} is missing`);
    if (!image) continue;
    if (/[\s\p{Cc}<>{}$"'`\\*]/u.test(image)) {
      const masked = image.includes('***') ? '; a value was masked on its way here (***)' : '';
      yield error(
        at,
        `the image of ${label} is ${quoted(image)}, which is not the name of an image${masked}`,
      );
      continue;
    }
    if (roleMissing && ECR.test(image)) {
      roleMissing = false;
      yield error(
        at,
        `${label} has an image in ECR, but the task has no executionRoleArn; Fargate pulls with that role`,
      );
    }
    yield* mutability(image, at, label, requireDigest);
  }
}

function* mutability(
  image: string,
  path: Finding['path'],
  label: string,
  requireDigest: boolean,
): Generator<Finding> {
  const [name = '', digest] = image.split('@');
  if (digest !== undefined) {
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
      yield error(path, `the image of ${label} has a digest that is not sha256: and 64 hexadecimal digits`);
    }
    return;
  }
  if (requireDigest) {
    yield error(
      path,
      `the image of ${label} is ${quoted(image)}, without a digest; give repository@sha256:...`,
    );
    return;
  }
  const tag = name.slice(name.lastIndexOf('/') + 1).split(':')[1];
  const fix = 'give a tag that stays, such as the commit, or the digest';
  if (tag === undefined) {
    yield warning(
      path,
      `the image of ${label} is ${quoted(image)}, without a tag, which is "latest"; ${fix}`,
    );
  } else if (!staysByCustom(tag)) {
    yield warning(
      path,
      `the image of ${label} is ${quoted(image)}, and tag "${tag}" may become another image; ${fix}`,
    );
  }
}

/** A commit or a full version is a tag that nobody moves; `latest`, `main`, `1` or `1.27` is moved. */
const staysByCustom = (tag: string): boolean =>
  /(?:^|[-_.])(?=[0-9a-f]*\d)[0-9a-f]{7,64}(?:$|[-_.])/.test(tag) ||
  /(?:^|[-_v])\d+\.\d+\.\d+/.test(tag) ||
  /\d{4,}/.test(tag);
