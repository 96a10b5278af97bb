import type { EvidenceSource } from "./sources/source.ts";

interface SourceEntry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly source: EvidenceSource }>;
}

/**
 * Every source of evidence, one line each, by the name of its command. Their order is that of `evidence auto`: the
 * first place that is recognised wins, so that a job stands before the machine that runs it.
 */
export const SOURCES: Readonly<Record<string, SourceEntry>> = {
  github_actions: {
    summary: "job of GitHub Actions",
    load: () => import("./sources/github-actions.ts"),
  },
  gitlab: {
    summary: "job of GitLab CI",
    load: () => import("./sources/gitlab.ts"),
  },
  buildkite: {
    summary: "job of Buildkite",
    load: () => import("./sources/buildkite.ts"),
  },
  circleci: {
    summary: "job of CircleCI",
    load: () => import("./sources/circleci.ts"),
  },
  bitbucket: {
    summary: "step of Bitbucket Pipelines",
    load: () => import("./sources/bitbucket.ts"),
  },
  azure_devops: {
    summary: "job of Azure Pipelines",
    load: () => import("./sources/azure-devops.ts"),
  },
  terraform_cloud: {
    summary: "run of HCP Terraform",
    load: () => import("./sources/terraform-cloud.ts"),
  },
  spacelift: {
    summary: "run of Spacelift",
    load: () => import("./sources/spacelift.ts"),
  },
  vercel: {
    summary: "build of Vercel",
    load: () => import("./sources/vercel.ts"),
  },
  fly: {
    summary: "Machine of Fly.io",
    load: () => import("./sources/fly.ts"),
  },
  gcp_confidential_space: {
    summary: "Confidential Space",
    load: () => import("./sources/gcp-confidential-space.ts"),
  },
  kubernetes: {
    summary: "pod of Kubernetes, EKS, GKE, AKS",
    load: () => import("./sources/kubernetes.ts"),
  },
  aws_web_identity: {
    summary: "Lambda, ECS, EKS, EC2, by a token of AWS STS",
    load: () => import("./sources/aws-web-identity.ts"),
  },
  aws_sts: {
    summary: "Lambda, ECS, EKS, EC2, by a signed request to AWS STS",
    load: () => import("./sources/aws-sts.ts"),
  },
  gcp_iit: {
    summary: "Compute Engine, Cloud Run, Functions",
    load: () => import("./sources/gcp-iit.ts"),
  },
  azure_msi: {
    summary: "managed identity of Azure",
    load: () => import("./sources/azure-msi.ts"),
  },
  azure_imds: {
    summary: "virtual machine of Azure",
    load: () => import("./sources/azure-imds.ts"),
  },
  aws_iid: {
    summary: "EC2, by its identity document",
    load: () => import("./sources/aws-iid.ts"),
  },
  oci_instance: {
    summary: "instance of Oracle Cloud",
    load: () => import("./sources/oci-instance.ts"),
  },
  aws_nitro: {
    summary: "Nitro Enclave or NitroTPM, by a helper",
    load: () => import("./sources/aws-nitro.ts"),
  },
  azure_maa: {
    summary: "token of Azure Attestation, by a helper",
    load: () => import("./sources/azure-maa.ts"),
  },
  x509_pop: {
    summary: "holder of a certificate",
    load: () => import("./sources/x509-pop.ts"),
  },
  spiffe: {
    summary: "JWT-SVID of this or another trust domain",
    load: () => import("./sources/spiffe.ts"),
  },
  sigstore: {
    summary: "provenance of a build, beside other evidence",
    load: () => import("./sources/sigstore.ts"),
  },
  oidc: {
    summary: "any token in a file or variable",
    load: () => import("./sources/oidc.ts"),
  },
};
