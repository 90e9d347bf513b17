/** In ARNs and in the host names of ECR registries, where twelve digits are an account for sure. */
const ACCOUNT_ID = /(?<=\barn:[\w-]+:[\w-]+:[\w-]*:)\d{12}\b|\b\d{12}(?=\.dkr[.-]ecr[.-])/g;

/**
 * A text with words in the place of AWS account ids: many teams keep theirs as a secret, GitHub masks secrets in logs
 * but not in comments, and it drops an output that holds one.
 */
export function withoutAccountIds(text: string): string {
  const known: string[] = [];
  return text.replace(ACCOUNT_ID, (id) => {
    if (!known.includes(id)) known.push(id);
    const number = known.indexOf(id) + 1;
    return number === 1 ? 'ACCOUNT' : `ACCOUNT-${number}`;
  });
}
