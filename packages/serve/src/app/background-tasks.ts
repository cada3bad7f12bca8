/** What an app goes on with after its responses: what it has given to `waitUntil`. */
export class BackgroundTasks {
  readonly #tasks = new Set<Promise<void>>();

  /** Adds a task; `tellError` takes what it fails with. */
  add(promise: unknown, tellError: (error: unknown) => void): void {
    const task = Promise.resolve(promise)
      .then(() => {}, tellError)
      .finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
  }

  /** Resolves once none is left, those included that others have begun. */
  async settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }
}
