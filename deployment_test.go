// SPDX-License-Identifier: Apache-2.0

package certbridge_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/certbridge/certbridge/config"
)

// composeFile is as much of docker-compose.yml as can go wrong without an engine
// that would say so.
type composeFile struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Environment map[string]string
		Configs     []struct{ Source, Target string }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
		NetworkMode string                                `yaml:"network_mode"`
		Volumes     []string
		Healthcheck struct{ Test []string }
	}
	Configs map[string]struct{ File string }
	Volumes map[string]struct{}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	var compose composeFile
	if err := yaml.Unmarshal([]byte(readText(t, "docker-compose.yml")), &compose); err != nil {
		t.Fatal(err)
	}
	return compose
}

// defaulted is ${NAME:-default} or ${NAME-default}, as compose fills it in when
// nobody has set NAME.
var defaulted = regexp.MustCompile(`\$\{[A-Z_]+:?-([^}]*)\}`)

func TestComposeConfiguresCertbridge(t *testing.T) {
	t.Parallel()
	compose := readCompose(t)
	image := imageEnvironment(t)
	for _, name := range []string{"migrate", "certbridge"} {
		service := compose.Services[name]
		environ := slices.Clone(image)
		for variable, value := range service.Environment {
			environ = append(environ, variable+"="+defaulted.ReplaceAllString(value, "$1"))
		}
		mounted := service.Configs[0]
		if !slices.Contains(image, config.PathVariable+"="+mounted.Target) {
			t.Errorf("%s: the image does not read its configuration from %s", name, mounted.Target)
		}
		loaded, err := config.Load(compose.Configs[mounted.Source].File, environ)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(loaded.Accounts) != 1 || len(loaded.Warnings) > 0 {
			t.Errorf("%s: accounts %+v, warnings %q", name, loaded.Accounts, loaded.Warnings)
		}
		if want := "certbridge:certbridge@tcp(database:3306)/certbridge"; loaded.Database.DSN.Reveal() != want {
			t.Errorf("%s: the database is %s, want %s", name, loaded.Database.DSN.Reveal(), want)
		}
	}
}

func TestComposeNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	compose := readCompose(t)
	for name, service := range compose.Services {
		if service.Image != "certbridge" && !regexp.MustCompile(`^[a-z]+:[0-9]+(\.[0-9]+)+$`).MatchString(service.Image) {
			t.Errorf("%s: the image %q is not pinned to a version", name, service.Image)
		}
		for other := range service.DependsOn {
			if _, ok := compose.Services[other]; !ok {
				t.Errorf("%s depends on %s, which is not there", name, other)
			}
			if service.DependsOn[other].Condition == "service_healthy" && len(compose.Services[other].Healthcheck.Test) == 0 {
				t.Errorf("%s waits for the health of %s, which has no check", name, other)
			}
		}
		for _, volume := range service.Volumes {
			volume, _, _ = strings.Cut(volume, ":")
			if _, ok := compose.Volumes[volume]; !ok {
				t.Errorf("%s uses the volume %s, which is not there", name, volume)
			}
		}
	}
	if mode := compose.Services["simulator"].NetworkMode; mode != "service:certbridge" {
		t.Errorf("the simulator's network is %q; for certbridge it must be loopback", mode)
	}
}

// The image is built with the Go version that go.mod asks for.
func TestImageIsBuiltWithOurGo(t *testing.T) {
	t.Parallel()
	wanted := regexp.MustCompile(`(?m)^go ([0-9.]+)$`).FindStringSubmatch(readText(t, "go.mod"))
	used := regexp.MustCompile(`(?m)^FROM golang:([0-9.]+)-`).FindStringSubmatch(readText(t, "Dockerfile"))
	tools := regexp.MustCompile(`(?m)^go ([0-9.]+)$`).FindStringSubmatch(readText(t, "tools.mod"))
	if wanted == nil || used == nil || tools == nil || used[1] != wanted[1] || tools[1] != wanted[1] {
		t.Errorf("go.mod wants %v, the Dockerfile uses %v, tools.mod %v", wanted, used, tools)
	}
}

// imageEnvironment is what ENV sets in the image.
func imageEnvironment(t *testing.T) []string {
	t.Helper()
	instruction := regexp.MustCompile(`(?m)^ENV ((?:.*\\\n)*.*)$`).FindStringSubmatch(readText(t, "Dockerfile"))
	if instruction == nil {
		t.Fatal("the Dockerfile has no ENV")
	}
	return strings.Fields(strings.ReplaceAll(instruction[1], "\\\n", " "))
}
