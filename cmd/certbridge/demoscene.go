// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"text/tabwriter"
	"text/template"
)

// demoScene is what the demo has set up.
type demoScene struct {
	API       string        `json:"api"`
	Simulator string        `json:"simulator"`
	Control   string        `json:"control"`
	Database  string        `json:"database"`
	Config    string        `json:"config"`
	Panel     string        `json:"panel"`
	Key       string        `json:"key"`
	Services  []demoService `json:"services"`
}

// ID gives the certificate ID of a service for the commands to copy.
func (s demoScene) ID(serviceID string) string {
	for _, service := range s.Services {
		if service.ServiceID == serviceID {
			return service.CertificateID
		}
	}
	return ""
}

func (s demoScene) print(to io.Writer) error {
	if err := template.Must(template.New("scene").Parse(demoText)).Execute(to, s); err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 2, 0, 2, ' ', 0)
	if err := template.Must(template.New("services").Parse(demoServices)).Execute(table, s); err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	return template.Must(template.New("commands").Parse(demoCommands)).Execute(to, s)
}

const demoText = `certbridge is running, against a simulator of the Hostlantern API.

  API        {{.API}}
  simulator  {{.Simulator}}
  control    {{.Control}}   what it can be told
  database   {{.Database}}

The panel "{{.Panel}}" has these services:

`

const demoServices = "{{range .Services}}  {{.ServiceID}}\t{{.Status}}\t{{.CommonName}}\t{{.Note}}\n{{end}}"

const demoCommands = `
To try in another terminal. First:

  API={{.API}} CONTROL={{.Control}}
  KEY={{.Key}}
  export CERTBRIDGE_CONFIG={{.Config}}

See all services, and one of them with what the customer has to do:

  curl -s -H "Authorization: Bearer $KEY" $API/v1/services
  curl -s -H "Authorization: Bearer $KEY" $API/v1/services/1002

Approve its validation as the certificate authority would, look again, download:

  curl -s -X POST $CONTROL/certificates/{{.ID "1002"}}/approve
  curl -s -X POST -H "Authorization: Bearer $KEY" $API/v1/services/1002/synchronize
  curl -s -H "Authorization: Bearer $KEY" "$API/v1/services/1002/certificate?format=pem"

Buy a certificate for a customer, and configure it:

  curl -s -X PUT -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \
    -d '{"account":"hostlantern-sandbox","product":"positivessl","years":1}' $API/v1/services/2001
  openssl req -new -newkey rsa:2048 -nodes -keyout new.key -out new.csr -subj /CN=new.example.org
  printf '{"csr":"%s","web_server":"nginx","validation":{"method":"dns"},"contact":{"first_name":"Ann","last_name":"Doe","email":"ann@example.test","phone":"+1.5551234567","address1":"1 Main Street","city":"Springfield","state":"IL","postal_code":"62701","country":"US"}}' \
    "$(awk '{printf "%s\\n", $0}' new.csr)" > activate.json
  curl -s -X POST -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \
    -d @activate.json $API/v1/services/2001/activate

Look at a lineage of reissues and a renewal, and at an audit trail:

  curl -s -H "Authorization: Bearer $KEY" $API/v1/services/1006/certificates
  curl -s -H "Authorization: Bearer $KEY" $API/v1/services/1006/events

Let 200 days pass for both, and see what the provider was paid:

  curl -s -X POST -d '{"days":200}' $CONTROL/clock/advance
  curl -s $CONTROL/ledger

Other commands find the demo by CERTBRIDGE_CONFIG. For example, see which charges
need a decision (docs/guides/uncertain-orders.md makes one), and what adds up:

  certbridge reconcile
  certbridge reconcile --report

It runs until you press Ctrl-C, and leaves nothing behind but files of your own.
`
