// SPDX-License-Identifier: Apache-2.0

// Package model is a second opinion on what a crash may not take: models of the log, the checkpoints, the blocks, and
// of a second process that reads, for the model checker Spin, which tries every order of their steps and every loss.
// Their rules have names, and the engine's comments say by the same names where it keeps them. README.md says how to
// read the models and run them, and what they leave out.
//
// It holds no code of the library: nothing imports it, and its test runs the models. What holds:
//
//   - With all rules, no run of a model finds anything wrong.
//   - Without any one of its rules, a run of that model does.
//   - Each rule of a model is named in the engine, and each rule that the engine names is in a model.
package model
