/**
 * Lines that TensorFlow writes at every start and that tell a person nothing. `TF_CPP_MIN_LOG_LEVEL`, which is set where it
 * is loaded, does not reach them: what is logged by way of Abseil before its initialisation, such as the remark that oneDNN
 * is on, is written whatever the level. Turning oneDNN off would silence it and change the numbers.
 */
const remark = /^WARNING: All log messages before absl::InitializeLog\(\)/
/** Severity I: `I0000 00:00:1795577701.095642 1452 port.cc:153] oneDNN ...`. Warnings and errors are kept. */
const information = /^I\d{4} [\d:.]+ +\d+ [\w./]+:\d+\] /

export const isLogNoise = (line: string): boolean => remark.test(line) || information.test(line)
