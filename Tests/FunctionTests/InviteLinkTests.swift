import Base
import System
import Teams
import Testing
import Notifications

struct InviteLinkTests {
    @Test(arguments: [
        "hunter2", "ftp://a.example/{token}", "https://a.example/", "https://a.example/{token}/{token}",
        "https://a.example/ {token}", "https://a.example/{Token}", "https://ä.example/{token}",
    ])
    func `a template for invite links has exactly one placeholder for the token`(template: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try InviteLink(Environment([("NOFX_INVITE_URL", template)]))
        }
        #expect(error?.variable == "NOFX_INVITE_URL")
        #expect(error?.description.contains("hunter2") == false)
    }
}
