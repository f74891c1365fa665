// SPDX-License-Identifier: Apache-2.0

//go:build race

package years_test

// Where everything takes several times as long, a share of the certificates is
// enough, and days that are further apart.
const share, apart = 5, 3
