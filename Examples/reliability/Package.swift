// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "reliability",
    dependencies: [.package(name: "nofx", path: "../..")],
    targets: [
        .executableTarget(name: "reliability", dependencies: [.product(name: "Reliability", package: "nofx")])
    ],
    swiftLanguageModes: [.v6]
)
