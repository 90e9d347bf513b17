/**
 * The permission that ECR asks for a request to a registry, because the registry's own refusal does not always name it:
 * an answer to HEAD has no content.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
 *
 * @param path what follows the repository's name; a whole address is that of an upload that was begun
 */
export function permissionFor(method: string, path: string): string {
  const reads = method === 'GET' || method === 'HEAD';
  if (path.startsWith('manifests/')) return reads ? 'ecr:BatchGetImage' : 'ecr:PutImage';
  if (method === 'HEAD') return 'ecr:BatchCheckLayerAvailability';
  if (method === 'GET') return 'ecr:GetDownloadUrlForLayer';
  if (method === 'POST') return 'ecr:InitiateLayerUpload';
  return method === 'PATCH' ? 'ecr:UploadLayerPart' : 'ecr:CompleteLayerUpload';
}
