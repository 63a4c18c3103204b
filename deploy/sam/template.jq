# The AWS SAM template, as a program of jq. ./deploy.sh sam runs it.
#
# $name, $bundle, $architecture, $front, $issuer, $audiences, $deployment: words; $single, $queue: true or false
# input: the functions, [{name, group, timeout, routes: [{method, path}], variables: {…}}]

def arn(resource): {"Fn::GetAtt": [resource, "Arn"]};
def sub(text): {"Fn::Sub": text};
def logical: .[0:1] | ascii_upcase;
def title: logical + .[1:];
def allow(actions; resources): {Effect: "Allow", Action: actions, Resource: resources};
def tags: [{Key: "nofx-stack", Value: $name}];

# What each group may read: the ARNs among its functions' variables. A member of a JSON secret follows the secret's ARN.
def references(service): [.[].variables[] | select(test("^arn:aws[a-z-]*:\(service):"))
    | split(":")[0:7] | join(":")] | unique;

def trust(service; condition): {
    Version: "2012-10-17",
    Statement: [{Effect: "Allow", Principal: {Service: service}, Action: "sts:AssumeRole"} + condition]
};

def role(group): {
    Type: "AWS::IAM::Role",
    Properties: {
        RoleName: sub("\($name)-${AWS::Region}-\(group)"),
        AssumeRolePolicyDocument: trust("lambda.amazonaws.com"; {}),
        Policies: [{
            PolicyName: "nofx",
            PolicyDocument: {
                Version: "2012-10-17",
                Statement: [
                    allow(["logs:CreateLogStream", "logs:PutLogEvents"]; [arn("\(group | title)Logs")]),
                    (references("secretsmanager") | select(length > 0) | allow(["secretsmanager:GetSecretValue"]; .)),
                    (references("ssm") | select(length > 0) | allow(["ssm:GetParameter"]; .)),
                    (select(group == "operator") | allow(["sqs:SendMessage"]; [arn("DeadLetters")])),
                    (select(group == "operator" and $queue)
                        | allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]; [arn("Work")])),
                    {"Fn::If": ["HasKey", allow(["kms:Decrypt"]; [{Ref: "SecretsKey"}]), {Ref: "AWS::NoValue"}]},
                    {"Fn::If": ["HasVpc", allow(["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses",
                        "ec2:UnassignPrivateIpAddresses"]; ["*"]), {Ref: "AWS::NoValue"}]}
                ]
            }
        }],
        Tags: tags
    }
};

# The log group is a resource of the stack, so deleting the stack deletes the logs.
def logs(group): {
    Type: "AWS::Logs::LogGroup",
    DeletionPolicy: "Delete",
    UpdateReplacePolicy: "Delete",
    Properties: {LogGroupName: "/aws/lambda/\($name)-\(group)", RetentionInDays: {Ref: "RetentionDays"}, Tags: tags}
};

def group_resources(group): map(select(.group == group)) | select(length > 0)
    | {"\(group | title)Role": role(group), "\(group | title)Logs": logs(group)};

def schedules: {runWorker: "rate(1 minute)", deliverOutbox: "rate(1 minute)", purge: "rate(1 hour)"};

# The events of a function. Health checks come from load balancers and monitors, which have no token.
def events:
    (if $front != "api" then {} else
        [.routes[] | {
            key: "\(.method | ascii_downcase | title)\(.path | ltrimstr("/") | title)",
            value: {
                Type: "HttpApi",
                Properties: ({ApiId: {Ref: "Api"}, Method: .method, Path: .path, PayloadFormatVersion: "2.0",
                        TimeoutInMillis: 30000}
                    + if $issuer != "" and (.path | IN("/healthz", "/readyz")) then {Auth: {Authorizer: "NONE"}} else {} end)
            }
        }] | from_entries end)
    + if schedules[.name] then {
        Schedule: {
            Type: "ScheduleV2",
            Properties: {
                Name: .name, GroupName: {Ref: "ScheduleGroup"}, ScheduleExpression: schedules[.name], Input: "{}",
                RoleArn: arn("SchedulerRole"), RetryPolicy: {MaximumRetryAttempts: 0}
            }
        }
    } else {} end
    + if .name == "runWorker" and $queue then {
        Work: {
            Type: "SQS",
            Properties: {Queue: arn("Work"), BatchSize: 10, FunctionResponseTypes: ["ReportBatchItemFailures"]}
        }
    } else {} end;

# A function's limit is longer than that of a call, so that the function itself ends a call that takes too long, with an
# answer.
def function: {
    "\(.name | title)Function": {
        Type: "AWS::Serverless::Function",
        Properties: ({
            FunctionName: "\($name)-\(.name)",
            Description: "NOFX Control Plane: \(.name)",
            CodeUri: "\($bundle)/zip/\(.name).zip",
            Handler: .name,
            # A version for each change of the configuration too, not of the code alone.
            AutoPublishAliasAllProperties: true,
            Role: arn("\(.group | title)Role"),
            Timeout: ([((.variables.NOFX_TIMEOUT_MS // "" | tonumber? / 1000 | ceil) // .timeout) + 5, 900] | min),
            LoggingConfig: {LogFormat: "Text", LogGroup: {Ref: "\(.group | title)Logs"}}
        }
        + if .variables == {} then {} else {Environment: {Variables: .variables}} end
        + if events == {} then {} else {Events: events} end
        + if $front == "urls" and .group == "endpoints" then {FunctionUrlConfig: {AuthType: "NONE"}} else {} end
        + if schedules[.name] then {EventInvokeConfig: {
                MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 300,
                DestinationConfig: {OnFailure: {Type: "SQS", Destination: arn("DeadLetters")}}
            }} else {} end)
    }
};

def parameters: {
    Memory: {Type: "Number", Default: 512, MinValue: 128, MaxValue: 10240, Description: "Memory of each function in MB"},
    RetentionDays: {
        Type: "Number", Default: 30, Description: "How long logs are kept",
        AllowedValues: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
    },
    SubnetIds: {Type: "CommaDelimitedList", Default: "", Description: "Subnets, for a database that the internet does not reach"},
    SecurityGroupIds: {Type: "CommaDelimitedList", Default: "", Description: "Security groups of the functions in the subnets"},
    SecretsKey: {Type: "String", Default: "", Description: "ARN of a key of your own that encrypts the secrets"}
} + if $front == "api" then {
    CorsOrigin: {Type: "String", Default: "", Description: "Origin of a web page that may call the HTTP API"}
} else {} end;

def api: {
    Api: {
        Type: "AWS::Serverless::HttpApi",
        Properties: ({
            Name: $name,
            Description: "NOFX Control Plane",
            CorsConfiguration: {"Fn::If": ["HasCors", {
                AllowOrigins: [{Ref: "CorsOrigin"}], AllowMethods: ["GET", "POST"], MaxAge: 3600,
                AllowHeaders: ["authorization", "content-type", "idempotency-key", "x-api-key"]
            }, {Ref: "AWS::NoValue"}]},
            Tags: {"nofx-stack": $name}
        } + if $issuer == "" then {} else {
            Auth: {
                DefaultAuthorizer: "jwt",
                Authorizers: {jwt: {
                    IdentitySource: "$request.header.Authorization",
                    JwtConfiguration: {issuer: $issuer, audience: ($audiences / ",")}
                }}
            }
        } end)
    }
};

def scheduling: {
    ScheduleGroup: {Type: "AWS::Scheduler::ScheduleGroup", Properties: {Name: $name, Tags: tags}},
    SchedulerRole: {
        Type: "AWS::IAM::Role",
        Properties: {
            RoleName: sub("\($name)-${AWS::Region}-scheduler"),
            AssumeRolePolicyDocument: trust("scheduler.amazonaws.com";
                {Condition: {StringEquals: {"aws:SourceAccount": {Ref: "AWS::AccountId"}}}}),
            Policies: [{PolicyName: "nofx", PolicyDocument: {Version: "2012-10-17", Statement: [allow(
                ["lambda:InvokeFunction"];
                [schedules | keys[] | sub("arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:\($name)-\(.):live")]
            )]}}],
            Tags: tags
        }
    }
};

# Events of schedules that failed, and messages that failed five times.
def queues: {
    DeadLetters: {
        Type: "AWS::SQS::Queue",
        Properties: {QueueName: "\($name)-dead-letters", MessageRetentionPeriod: 1209600, SqsManagedSseEnabled: true, Tags: tags}
    }
} + if $queue then {
    # A message stays invisible for six times as long as a call may take.
    Work: {
        Type: "AWS::SQS::Queue",
        Properties: {
            QueueName: "\($name)-work", VisibilityTimeout: 5400, SqsManagedSseEnabled: true, Tags: tags,
            RedrivePolicy: {deadLetterTargetArn: arn("DeadLetters"), maxReceiveCount: 5}
        }
    }
} else {} end;

. as $functions | {
    AWSTemplateFormatVersion: "2010-09-09",
    Transform: "AWS::Serverless-2016-10-31",
    Description: "NOFX Control Plane",
    Parameters: parameters,
    Conditions: ({
        HasVpc: {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {Ref: "SubnetIds"}]}, ""]}]},
        HasKey: {"Fn::Not": [{"Fn::Equals": [{Ref: "SecretsKey"}, ""]}]}
    } + if $front == "api" then {HasCors: {"Fn::Not": [{"Fn::Equals": [{Ref: "CorsOrigin"}, ""]}]}} else {} end),
    Globals: {Function: ({
        Runtime: "provided.al2023",
        Architectures: [$architecture],
        MemorySize: {Ref: "Memory"},
        AutoPublishAlias: "live",
        VpcConfig: {"Fn::If": ["HasVpc", {SubnetIds: {Ref: "SubnetIds"}, SecurityGroupIds: {Ref: "SecurityGroupIds"}},
            {Ref: "AWS::NoValue"}]},
        Tags: {"nofx-stack": $name}
    } + if $deployment == "" then {} else {DeploymentPreference: {Type: $deployment}} end)},
    Resources: ([
        ("endpoints", "operator", "owner" | . as $group | $functions | group_resources($group)),
        queues,
        scheduling,
        (select($front == "api") | api),
        ($functions[] | function)
    ] | add),
    Outputs: (if $front == "api" then {Url: {
        Description: "Address of the HTTP API", Value: sub("https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}")
    }} else {Functions: {Description: "Begin of the functions' names", Value: "\($name)-"}} end)
}
