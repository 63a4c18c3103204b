# Prints JSON as YAML. Texts are quoted as in JSON, which YAML reads in the same way.
def plain: test("^[A-Za-z][A-Za-z0-9_]*$") and (test("^(y|n|yes|no|on|off|true|false|null)$"; "i") | not);
def key: if plain then . else tojson end;
def scalar: if type == "string" and plain then . else tojson end;
def is_leaf: (type != "object" and type != "array") or length == 0;

def yaml(indent):
    if type == "object" then
        to_entries[]
        | if .value | is_leaf then "\(indent)\(.key | key): \(.value | scalar)"
            else "\(indent)\(.key | key):", (.value | yaml(indent + "  ")) end
    else
        .[]
        | if is_leaf then "\(indent)- \(scalar)"
            else [yaml(indent + "  ")] | "\(indent)- \(.[0] | ltrimstr(indent + "  "))", .[1:][] end
    end;
