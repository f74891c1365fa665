// SPDX-License-Identifier: Apache-2.0

package simulator

// What the switches ErrorWithResult (a refusal that carries a result) and
// IsSuccessFalse (a failure under Status OK) put into CommandResponse. No id in
// them belongs to a certificate.
const fakeID = "99999999"

func fakeCreate(x *xmlWriter) {
	x.open("SSLCreateResult", "IsSuccess", "true", "OrderId", fakeID, "TransactionId", fakeID, "ChargedAmount", "7.8800")
	x.empty("SSLCertificate", "CertificateID", fakeID, "Created", "01/01/2026", "SSLType", "PositiveSSL", "Years", "1", "Status", "NewPurchase")
	x.close("SSLCreateResult")
}

func failedCreate(x *xmlWriter, _ map[string]string) {
	x.empty("SSLCreateResult", "IsSuccess", "false", "OrderId", "0", "TransactionId", "0", "ChargedAmount", "0.0000")
}

func fakeRenew(x *xmlWriter) {
	x.empty("SSLRenewResult", "CertificateID", fakeID, "SSLType", "PositiveSSL", "Years", "1", "OrderId", fakeID,
		"TransactionId", fakeID, "ChargedAmount", "9.0000")
}

func failedRenew(x *xmlWriter, _ map[string]string) {
	x.empty("SSLRenewResult", "CertificateID", "0", "Years", "0", "OrderId", "0", "TransactionId", "0", "ChargedAmount", "0.0000")
}

func fakeSANs(x *xmlWriter) {
	x.open("SSLPurchaseMoreSANSResult", "IsSuccess", "true", "OrderId", fakeID, "TransactionId", fakeID, "ChargedAmount", "11.8800")
	x.empty("SSLCertificate", "CertificateID", fakeID, "SSLType", "positivessl multi domain", "Years", "1", "Status", "NEWPURCHASE", "SANSCount", "3")
	x.close("SSLPurchaseMoreSANSResult")
}

func failedSANs(x *xmlWriter, _ map[string]string) {
	x.empty("SSLPurchaseMoreSANSResult", "IsSuccess", "false", "OrderId", "0", "TransactionId", "0", "ChargedAmount", "0.0000")
}

func fakeInfo(x *xmlWriter) {
	x.open("SSLGetInfoResult", "Status", "active", "StatusDescription", "Certificate is Active.", "Type", "positivessl",
		"IssuedOn", "1/1/2026", "Years", "1", "Expires", "7/20/2026", "ActivationExpireDate", "", "OrderId", fakeID,
		"ReplacedBy", "", "SANSCount", "0")
	x.close("SSLGetInfoResult")
}

func fakeList(x *xmlWriter) {
	x.empty("SSLListResult")
	x.open("Paging")
	x.element("TotalItems", "0")
	x.element("CurrentPage", "1")
	x.element("PageSize", "20")
	x.close("Paging")
}

// fakeByID makes the result of a command that answers with nothing but an id.
func fakeByID(element string) func(*xmlWriter) {
	return func(x *xmlWriter) { x.empty(element, "ID", fakeID, "IsSuccess", "true") }
}

func failedByID(element string) func(*xmlWriter, map[string]string) {
	return func(x *xmlWriter, params map[string]string) {
		x.empty(element, "ID", params["certificateid"], "IsSuccess", "false")
	}
}
