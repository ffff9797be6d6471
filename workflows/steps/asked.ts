import { type Question } from '../decisions/question';
import { type AskedQuestion } from '../decisions/story';

/** The questions of one run, each with its answers: those lines of `approvals` that came while it was open. */
export interface Asked {
  /** null = nothing is asked now. */
  readonly open: Question | null;
  /** The same question may be opened again with more to show; null closes the last one. */
  show(question: Question | null): void;
  all(): AskedQuestion[];
}

export function openAsked(approvals: readonly string[]): Asked {
  const kept: KeptQuestion[] = [];
  let open: Question | null = null;
  const keep = (question: Question): void => {
    const index = kept.findIndex(({ id }) => id === question.id);
    if (index < 0) kept.push({ ...question, answersFrom: approvals.length });
    else kept[index] = { ...question, answersFrom: kept[index]?.answersFrom ?? 0 };
  };
  /** What comes in later answers nothing. */
  const close = (): void => {
    const last = kept.pop();
    if (last) kept.push({ ...last, answersTo: approvals.length });
  };
  return {
    get open() {
      return open;
    },
    show(question) {
      open = question;
      if (question) keep(question);
      else close();
    },
    all: () =>
      kept.map(({ answersFrom, answersTo, ...one }) => ({
        ...one,
        open: open?.id === one.id,
        answers: approvals.slice(answersFrom, answersTo),
      })),
  };
}

/** Which lines of `approvals` belong to it. */
type KeptQuestion = Question & { readonly answersFrom: number; readonly answersTo?: number };
