import { describe, expect, test } from "bun:test";
import { readTemplate, renderTemplate } from "../../../src/cli/output/go-template.ts";

const CONTAINER = {
  Id: "0123",
  Names: ["web", "shop"],
  State: { Running: true, Pid: 42, Error: "" },
  Labels: { "org.example.stage": "test", plain: "yes" },
  Mounts: [
    { Source: "/srv", Destination: "/data" },
    { Source: "/tmp", Destination: "/tmp" },
  ],
  NetworkSettings: { Networks: { front: { IPAddress: "10.60.0.2" }, back: { IPAddress: "10.61.0.2" } } },
  ipv6_enabled: false,
  Empty: [],
  Nothing: null,
  Label: (name: unknown) => `label ${name}`,
};

const render = (template: string, value: unknown = CONTAINER) => renderTemplate(readTemplate(template), value);

describe("a template", () => {
  test.each([
    ["plain text", "plain text"],
    ["{{.Id}} {{ .State.Pid }}", "0123 42"],
    ["{{.ID}} {{.IPv6Enabled}}", "0123 false"],
    ["{{.Names}} {{.Labels}}", "[web shop] map[org.example.stage:test plain:yes]"],
    ["{{.Nothing}} {{.Labels.plain}} {{.Labels.none}}", "<nil> yes <no value>"],
    ["a\\t{{.Id}}\\n", "a\t0123\n"],
    ["{{json .State}} {{.Names | json}}", '{"Running":true,"Pid":42,"Error":""} ["web","shop"]'],
    ['{{join .Names ", "}} {{len .Mounts}} {{upper "x"}}{{lower `Y`}}', "web, shop 2 Xy"],
    ['{{index .Labels "org.example.stage"}} {{index .Names 1}} {{index .Labels "none"}}', "test shop <no value>"],
    ["{{range .Mounts}}{{.Source}}:{{.Destination}} {{end}}", "/srv:/data /tmp:/tmp "],
    [
      "{{range $name, $net := .NetworkSettings.Networks}}{{$name}}={{$net.IPAddress}};{{end}}",
      "back=10.61.0.2;front=10.60.0.2;",
    ],
    ["{{range $at, $name := .Names}}{{$at}}{{$name}}{{$.Id}}{{end}}", "0web01231shop0123"],
    ["{{range .Empty}}x{{else}}none{{end}}", "none"],
    ["{{if .State.Running}}up{{else}}down{{end}}", "up"],
    ["{{if .State.Error}}a{{else if .Empty}}b{{else}}c{{end}}", "c"],
    ["{{with .State}}{{.Pid}}{{end}}{{with .Empty}}x{{else}}y{{end}}", "42y"],
    ["{{if and .State.Running (gt .State.Pid 1)}}yes{{end}}{{if not .Empty}}!{{end}}", "yes!"],
    ['{{if eq .Id "0123"}}same{{end}}{{if or .Empty .Nothing}}x{{end}}', "same"],
    ["{{ (index .Mounts 0).Source }}", "/srv"],
    ["{{$state := .State}}{{$state.Pid}}", "42"],
    ["<{{- .Id -}}  > {{/* nothing */}}.", "<0123> ."],
    ['{{.Label "a b"}}', "label a b"],
    ["{{with .State}}{{.}}{{end}}", "map[Error: Pid:42 Running:true]"],
    ['{{printf "%-4s|%3d|%q" .Id .State.Pid "x"}}{{println 1 2}}', '0123| 42|"x"1 2\n'],
    ['{{"}}"}}{{"\\n"}}', "}}\n"],
  ])("%j gives %j", (template, output) => {
    expect(render(template)).toBe(output);
  });

  test.each([
    ["{{.Nmaes}}", 'unknown field "Nmaes" (did you mean "Names"?)'],
    ["{{.State.pdi}}", 'unknown field "pdi" (did you mean "Pid"?)'],
    ["{{.State.Frobnicated}}", 'unknown field "Frobnicated" (there are Running, Pid, Error)'],
    ["{{.toString}}", "unknown field"],
    ["{{.Id.x}}", ".x is asked of .Id, which has no fields"],
    ["{{Names}}", 'unknown function "Names" (write .Names for a field)'],
    ["{{jsno .}}", 'unknown function "jsno" (did you mean "json"?)'],
    ["{{.Id", "{{ without }}"],
    ["{{range .Names}}", "{{range} has no {{end}}".replace("range}", "range}}")],
    ["{{end}}", "{{end}} without a beginning"],
    ["{{if .Id}}a{{else}}b{{else}}c{{end}}", "{{if}} has two {{else}}"],
    ['{{template "x"}}', "{{template}} is not supported"],
    ["{{}}", "a value is missing"],
    ["{{.Id | }}", "a value is missing"],
    ["{{(.Id}}", "a ) is missing"],
    ["{{.Id)}}", '")" is not expected there'],
    ["{{.Id ? 1}}", '"? 1" cannot be read'],
    ["{{$x}}", "unknown variable $x"],
    ["{{index .Names 7}}", "there is no element 7 among 2"],
    ["{{.Id 1}}", ".Id takes no arguments"],
    ["{{gt .Id 1}}", "0123 and 1 cannot be compared"],
    ['{{printf "%x" 1}}', "printf: %x is not supported"],
    ['{{printf "%1000000000d" 1}}', "printf: %1000000000d is wider than 10000"],
  ])("%j is an error: %s", (template, message) => {
    expect(() => render(template)).toThrow(message);
  });
});
