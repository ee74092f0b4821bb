import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { SandboxInfo, SandboxUpload } from './execution.js';
import { AnyJobIds, JobId } from './values.js';

const dialect = 'diracx' as const;
const OneJob = z.object({ id: JobId });
const OfKind = z.object({ id: JobId, kind: z.enum(['input', 'output']) });
const Pfns = z.array(z.string().nullable());

/** DiracX's sandbox routes; the formats include `tar.gz` besides DiracX's two. */
export const sandboxes = {
  initiate: endpoint({
    name: 'sandboxes.initiate',
    method: 'POST',
    path: '/api/jobs/sandbox',
    access: 'create-sandboxes',
    summary: 'Announce a sandbox and learn where to upload it',
    dialect,
    body: SandboxInfo,
    reply: SandboxUpload,
  }),
  download: endpoint({
    name: 'sandboxes.download',
    method: 'GET',
    path: '/api/jobs/sandbox',
    access: 'use-sandboxes',
    summary: 'A signed URL from which a sandbox can be fetched',
    dialect,
    query: z.object({ pfn: z.string().max(256) }),
    reply: z.object({ url: z.string(), expires_in: z.number() }),
  }),
  ofJob: endpoint({
    name: 'sandboxes.ofJob',
    method: 'GET',
    path: '/api/jobs/:id/sandbox',
    access: 'use-sandboxes',
    summary: 'The sandboxes of a job',
    dialect,
    params: OneJob,
    reply: z.object({ Input: Pfns, Output: Pfns }),
  }),
  ofJobByKind: endpoint({
    name: 'sandboxes.ofJobByKind',
    method: 'GET',
    path: '/api/jobs/:id/sandbox/:kind',
    access: 'use-sandboxes',
    summary: 'The input or output sandboxes of a job',
    dialect,
    params: OfKind,
    reply: Pfns,
  }),
  assign: endpoint({
    name: 'sandboxes.assign',
    method: 'PATCH',
    path: '/api/jobs/:id/sandbox/output',
    access: 'manage-jobs',
    summary: 'Attach an output sandbox to a job',
    dialect,
    params: OneJob,
    body: z.string().max(256),
    reply: z.null(),
  }),
  unassign: endpoint({
    name: 'sandboxes.unassign',
    method: 'DELETE',
    path: '/api/jobs/:id/sandbox',
    access: 'manage-jobs',
    summary: 'Detach all sandboxes of a job',
    dialect,
    params: OneJob,
    reply: z.null(),
  }),
  unassignBulk: endpoint({
    name: 'sandboxes.unassignBulk',
    manyJobs: true,
    method: 'POST',
    path: '/api/jobs/sandbox/unassign',
    access: 'manage-jobs',
    summary: 'Detach all sandboxes of several jobs',
    dialect,
    status: 204,
    body: z.object({ job_ids: AnyJobIds }),
  }),
} as const;

/** The server's own object store door, for storage elements without presigned URLs. The signature is in the query. */
export const objects = {
  upload: endpoint({
    name: 'objects.upload',
    method: 'POST',
    path: '/api/objects/upload',
    access: 'public',
    summary: 'Upload one object by a signed form (multipart/form-data), as an S3 POST would take it',
    status: 204,
  }),
  download: endpoint({
    name: 'objects.download',
    method: 'GET',
    path: '/api/objects/download',
    access: 'public',
    summary: 'Fetch one object by a signed URL',
  }),
} as const;
