// SPDX-License-Identifier: Apache-2.0

// Package api is the HTTP service that billing panels talk to: routes,
// authentication, idempotency, problem details, downloads, and the contract in
// openapi.yaml. It decides nothing about certificates; provisioning does.
package api
