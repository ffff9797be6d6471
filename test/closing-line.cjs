/** Jest ends by itself when nothing is open any more. What a test left open is named then, and may not keep the command from ending. */
const LEFT_OPEN_MS = 20_000;

/** Jest reporter: one plain line at the end, for machines that do not read jest's own summary. */
module.exports = class ClosingLine {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites }) {
    const failed = numFailedTests || numFailedTestSuites;
    process.stdout.write(
      `\n${numPassedTests} passed, ${failed} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ''}\n`,
    );
    setTimeout(() => {
      process.stderr.write(`Left open by a test, and ended now: ${process.getActiveResourcesInfo().join(', ')}\n`);
      process.exit();
    }, LEFT_OPEN_MS).unref();
  }
};
