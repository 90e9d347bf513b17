/** Why a value that some job wrote arrives empty in another. */
const MASKED =
  'a job output that contains a masked value, such as an account id that is a secret, arrives empty in the next job.';

const FIX =
  'Hand on the output "reference" of ecr-push (ecr:REPOSITORY@sha256:...), which has no account id in it; this step puts the registry in front.';

/**
 * What is wrong with an image name, if it is not one that a registry could have. A name with a piece missing was built
 * from an output that got lost: it must neither be registered nor silently leave the old image in place.
 */
export function imageProblem(image: string): string | undefined {
  if (image === '') {
    return `is empty: ${MASKED} ${FIX} To keep the images of the task definition, leave it out.`;
  }
  if (image.includes('***')) {
    return `"${image}" is not an image: the log shows *** in the place of a masked value, such as an account id, but it is not that value. ${FIX}`;
  }
  if (/[\s\p{Cc}]/u.test(image)) {
    return `${JSON.stringify(image)} is not one image; several containers get theirs by images, a line each: container=image`;
  }
  const missing = image.startsWith('/')
    ? 'the registry before the first "/"'
    : image.endsWith(':')
      ? 'the tag after ":"'
      : image.endsWith('@')
        ? 'the digest after "@"'
        : image.endsWith('/')
          ? 'the repository after "/"'
          : undefined;
  return missing && `"${image}" lacks ${missing}: ${MASKED} ${FIX}`;
}

/** What is wrong with a reference to a secret; it is not repeated, because it may be the secret itself. */
export function secretProblem(reference: string): string | undefined {
  const fix = 'give the ARN of a secret in Secrets Manager or of a parameter in SSM';
  if (reference === '') return `the reference is empty: ${MASKED} Build the ARN in this job, or ${fix}.`;
  return /\s/.test(reference) ? `the reference holds blanks; ${fix}, never the secret` : undefined;
}

/**
 * What is wrong with an entry of `env-files`. ECS reads them from S3:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
 */
export function environmentFileProblem(entry: string): string | undefined {
  if (/^s3:\/\//i.test(entry)) {
    return `"${entry}" is an address; give the ARN of the object, such as arn:aws:s3:::BUCKET/shop.env`;
  }
  if (!entry.startsWith('arn:') || /^arn:[^:\s]+:s3:::[^/\s]+\/.+\.env$/.test(entry)) return undefined;
  return `"${entry}" is not the ARN of an object in S3 whose name ends in .env, such as arn:aws:s3:::BUCKET/shop.env`;
}
