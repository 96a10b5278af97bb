interface Tag {
  readonly key: string;
  readonly value: string;
}

/**
 * One trust anchor of AWS IAM Roles Anywhere with its tags.
 * @see https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_Operations.html
 */
export class FakeRolesAnywhere {
  readonly arn: string;
  sourceType = "CERTIFICATE_BUNDLE";
  pem: string;
  readonly tags = new Map<string, string>();
  /** The operation that the caller may not call. */
  denied = "";
  /** Called before each update, as another publisher might come. */
  beforeUpdate: () => void = () => undefined;
  /** The service's quota. */
  maxCertificates = 2;

  constructor(arn: string, pem: string) {
    this.arn = arn;
    this.pem = pem;
  }

  readonly handle = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const authorization = request.headers.get("authorization") ?? "";
    if (!/\/rolesanywhere\/aws4_request/.test(authorization))
      return refuse(403, "UnrecognizedClientException");
    const id = this.arn.split("/")[1];
    const operation = {
      [`GET /trustanchor/${id}`]: "GetTrustAnchor",
      [`PATCH /trustanchor/${id}`]: "UpdateTrustAnchor",
      "GET /ListTagsForResource": "ListTagsForResource",
      "POST /TagResource": "TagResource",
    }[`${request.method} ${pathname}`];
    if (operation === undefined) return refuse(404, "ResourceNotFoundException");
    if (operation === this.denied) return refuse(403, "AccessDeniedException");
    if (operation === "ListTagsForResource") {
      if (searchParams.get("resourceArn") !== this.arn)
        return refuse(404, "ResourceNotFoundException");
      return Response.json({ tags: Array.from(this.tags, ([key, value]) => ({ key, value })) });
    }
    if (operation === "TagResource") {
      const { resourceArn, tags } = (await request.json()) as { resourceArn: string; tags: Tag[] };
      if (resourceArn !== this.arn) return refuse(404, "ResourceNotFoundException");
      for (const { key, value } of tags) this.tags.set(key, value);
      return Response.json({}, { status: 201 });
    }
    if (operation === "UpdateTrustAnchor") {
      this.beforeUpdate();
      const { source } = (await request.json()) as { source: Source };
      const { x509CertificateData: pem } = source.sourceData;
      const count = pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
      if (count === 0 || count > this.maxCertificates) return refuse(400, "ValidationException");
      this.pem = pem;
    }
    const source = { sourceType: this.sourceType, sourceData: { x509CertificateData: this.pem } };
    return Response.json({ trustAnchor: { trustAnchorArn: this.arn, enabled: true, source } });
  };
}

interface Source {
  readonly sourceType: string;
  readonly sourceData: { readonly x509CertificateData: string };
}

function refuse(status: number, type: string): Response {
  return Response.json({ message: "refused" }, { status, headers: { "x-amzn-errortype": type } });
}
