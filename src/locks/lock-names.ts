/** What a project locks, by names that all builders of the project agree on. */
export interface LockNames {
  /** Saving of the stages of a digest. */
  stage(digest: string): string;
  /** Computing of what an import takes. @param id that of the source */
  import(id: string): string;
  /** Writing of the records of an image. @param image '' for the nameless one */
  records(image: string): string;
  /** Removal of what nobody needs any more. */
  readonly cleanup: string;
}

export function lockNames(project: string): LockNames {
  return {
    stage: (digest) => `${project}/stage/${digest}`,
    import: (id) => `${project}/import/${id}`,
    records: (image) => `${project}/records/${image}`,
    cleanup: `${project}/cleanup`,
  };
}
