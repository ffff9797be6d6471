import { proxySinks, type Sinks } from '@temporalio/workflow';

/**
 * The way out for news of a run. A sink leaves no command and no event behind: telling costs the run nothing, also where somebody
 * listens, and whoever replays tells nothing twice. See docs/adr/0011-news-leave-by-a-sink.md.
 */
export interface NewsSinks extends Sinks {
  news: { of(cluster: string, over: boolean): void };
}

const { news } = proxySinks<NewsSinks>();

export const tellOf = (cluster: string, over: boolean): void => news.of(cluster, over);
