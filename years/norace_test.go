// SPDX-License-Identifier: Apache-2.0

//go:build !race

package years_test

// All of the certificates, and the days that a course asks for.
const share, apart = 1, 1
