# The HTTP API, or a URL per function. Functions of the operator and migrate have neither.
locals {
  public = { for name, one in local.functions : name => one if one.group == "endpoints" }

  routes = var.front != "api" ? {} : merge(
    {
      for route in flatten([
        for name, one in local.endpoints : [for method in one.methods : { key = "${method} /${name}", function = name }]
        if one.group == "endpoints" && (var.single || contains(keys(local.public), name))
      ]) : route.key => var.single ? "nofx" : route.function
    },
    var.single ? { "GET /healthz" = "nofx", "GET /readyz" = "nofx" } : {},
  )
}

resource "aws_apigatewayv2_api" "api" {
  count = var.front == "api" ? 1 : 0

  name          = var.name
  description   = "NOFX Control Plane"
  protocol_type = "HTTP"
  tags          = { nofx-stack = var.name }

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [1] : []
    content {
      allow_origins = var.cors_origins
      allow_methods = ["GET", "POST"]
      allow_headers = ["authorization", "content-type", "idempotency-key", "x-api-key"]
      max_age       = 3600
    }
  }
}

resource "aws_apigatewayv2_stage" "default" {
  count = var.front == "api" ? 1 : 0

  api_id      = aws_apigatewayv2_api.api[0].id
  name        = "$default"
  auto_deploy = true
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.front == "api" && var.jwt != null ? 1 : 0

  api_id           = aws_apigatewayv2_api.api[0].id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audiences
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = var.front == "api" ? local.public : {}

  api_id                 = aws_apigatewayv2_api.api[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_alias.live[each.key].arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

# Health checks come from load balancers and monitors, which have no token.
resource "aws_apigatewayv2_route" "route" {
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.api[0].id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
  authorization_type = var.jwt == null || contains(["GET /healthz", "GET /readyz"], each.key) ? "NONE" : "JWT"
  authorizer_id      = var.jwt == null || contains(["GET /healthz", "GET /readyz"], each.key) ? null : aws_apigatewayv2_authorizer.jwt[0].id
}

resource "aws_lambda_permission" "api" {
  for_each = var.front == "api" ? local.public : {}

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function[each.key].function_name
  qualifier     = aws_lambda_alias.live[each.key].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api[0].execution_arn}/*/*"
}

# Everyone may call the URLs: the functions check the credential of each call.
resource "aws_lambda_function_url" "url" {
  for_each = var.front == "urls" ? local.public : {}

  function_name      = aws_lambda_function.function[each.key].function_name
  qualifier          = aws_lambda_alias.live[each.key].name
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "url" {
  for_each = var.front == "urls" ? local.public : {}

  statement_id           = "url"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.function[each.key].function_name
  qualifier              = aws_lambda_alias.live[each.key].name
  principal              = "*"
  function_url_auth_type = "NONE"
}

# Lambda wants a second permission for calls by a URL. Version 5 of the provider cannot write its condition, without which
# every account could invoke the functions directly.
resource "aws_cloudformation_stack" "url" {
  count = var.front == "urls" ? 1 : 0

  name = "${var.name}-function-urls"
  template_body = jsonencode({
    Resources = {
      for name, one in local.public : name => {
        Type = "AWS::Lambda::Permission"
        Properties = {
          Action                = "lambda:InvokeFunction"
          FunctionName          = aws_lambda_alias.live[name].arn
          InvokedViaFunctionUrl = true
          Principal             = "*"
        }
      }
    }
  })
  tags = { nofx-stack = var.name }
}
